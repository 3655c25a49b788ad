"""One module for each area of the web app; each defines `blueprint` and is found by its file."""
