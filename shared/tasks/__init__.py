"""What engines take and give where more than one service leases them. A task of one service alone is in its folder."""
