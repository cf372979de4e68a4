//! What the three example applications share: their users, their page and their self-check.
