"""The command `what`: how an app, a site or a program is classified, and teaching it."""
