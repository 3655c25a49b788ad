"""enrollments"""
