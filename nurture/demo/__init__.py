"""The living demo: made-up people, a made-up past, and readers who open and click by themselves."""
