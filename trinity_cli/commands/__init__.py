"""The commands, a module for each; `register` adds them to the application."""
