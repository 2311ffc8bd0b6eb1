"""What compiling for this machine gains: time per gradient of ten programs."""
