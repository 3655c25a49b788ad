"""opportunities"""
