"""One clip on several GPUs: tokens are split over ranks, and attention sees them all."""
