"""Every method on posteriors of known moments: its errors, its gradients and its time."""
