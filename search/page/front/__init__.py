"""The front on the page: its picture, what each policy did with the samples of ``search``, and pictures of some."""
