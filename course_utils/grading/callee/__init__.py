"""What runs inside the sandbox: it holds no secret, imports nothing of the course, and is trusted in nothing."""
