"""The chapters: their form, their functions, their claims and their reference notebooks."""
