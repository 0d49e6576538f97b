"""Who may do what: people with a role, their passwords and their sessions."""
