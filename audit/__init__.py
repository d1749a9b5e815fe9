"""The dependency audit: what is locked, what is installed, and what is known against it. Imports nothing of ours."""
