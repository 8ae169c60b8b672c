"""What a message to another agent or an outside party asks for, promises, reveals or hides."""
