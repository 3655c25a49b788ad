"""The engine joins the stages: tick moves enrollments, perform carries out, react follows up activities."""
