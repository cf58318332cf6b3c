"""The demonstration: the waste story of Ban Phru and Khuan Lang, told through the product's own services.

Places, tonnages and laws are real; every person, sum and decision is invented and marked so (สมมติ).
"""
