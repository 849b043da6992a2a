"""What reviewers and admins do, in transactions with their events."""
