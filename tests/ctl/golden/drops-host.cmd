drops -H nowhere
