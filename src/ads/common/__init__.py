"""Import paths that users know; what they name lives in other rooms."""
