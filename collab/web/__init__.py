"""HTTP only: errors to pages, the form base, headers, CSRF, sessions of requests. Knows no area."""
