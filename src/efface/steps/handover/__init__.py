"""What steps hand to each other on disk: files that one writes and others read, their folders."""
