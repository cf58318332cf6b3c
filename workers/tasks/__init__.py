"""One module per area, each with the area's tasks; all are loaded here, so a new module needs no list."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
