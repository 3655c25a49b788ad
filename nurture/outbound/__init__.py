"""What goes out over HTTP: webhooks and text messages, written in the transaction, handed over by a loop."""
