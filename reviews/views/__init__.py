"""Pages and fragments of reviewers, and the exports of admins."""
