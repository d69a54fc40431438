"""Text of a class: reviews that praise or complain, or whatever else has labels."""
