"""Price books: dated prices, by hand and from files."""

from budgets.prices.price_files import (
    PriceFile,
    PriceFileChanged,
    PricesRefused,
    export_prices,
    import_prices,
    preview_prices,
)
from budgets.prices.price_lines import text_of
from budgets.prices.prices import (
    MOST_PERCENT,
    PriceMissing,
    Scope,
    create_price_book,
    dearest_price,
    find_price,
    price_at,
    set_price,
)

__all__ = [
    "MOST_PERCENT",
    "PriceFile",
    "PriceFileChanged",
    "PriceMissing",
    "PricesRefused",
    "Scope",
    "create_price_book",
    "dearest_price",
    "export_prices",
    "find_price",
    "import_prices",
    "preview_prices",
    "price_at",
    "set_price",
    "text_of",
]
