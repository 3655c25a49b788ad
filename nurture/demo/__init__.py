"""The living demo: made-up people, a made-up past, readers who open and click, and a sales team that sells."""
