"""Samples that are parts of something: the segments of a recording, the frames of a video, the crops of an image."""
