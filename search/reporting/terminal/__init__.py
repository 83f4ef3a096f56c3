"""What a finished search tells in a terminal: a verdict, one table with its legend, and few lines."""

from search.reporting.terminal.report import mlflow_ui_command, print_policies, print_summary


__all__ = ["mlflow_ui_command", "print_policies", "print_summary"]
