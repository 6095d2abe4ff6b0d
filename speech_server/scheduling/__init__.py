"""What runs next on a device."""
