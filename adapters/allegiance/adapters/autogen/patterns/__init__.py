"""The group patterns in AutoGen, one module each; ``build`` returns the team of a trial."""
