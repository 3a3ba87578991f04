"""What kept weights start from: their own values, new ones, others', a constant, each with and without their signs."""
