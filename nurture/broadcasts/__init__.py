"""One email to one segment at one time, with an account of each lead."""
