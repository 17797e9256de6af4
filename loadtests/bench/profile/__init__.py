"""What a request costs beside the model: processor time of one API process, and where it goes."""
