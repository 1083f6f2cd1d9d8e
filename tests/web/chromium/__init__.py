"""The pages in a real browser, each in many looks, with what checks them."""
