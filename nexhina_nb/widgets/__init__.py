"""Widgets: imported only when one is asked for, since ipywidgets and anywidget are heavy."""
