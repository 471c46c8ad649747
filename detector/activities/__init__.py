"""What an app or a site is: the catalogue and the classifier. Titles are dropped here."""
