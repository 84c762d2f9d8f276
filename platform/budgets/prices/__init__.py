"""Price books: dated prices, by hand and from files.

Operations raise Forbidden where their actor may not do this, and Refusal with its field for a bad value.
"""

from budgets.prices.price_files import (
    PriceFileChanged,
    PriceFilePreview,
    PricesRefused,
    export_prices,
    import_prices,
    preview_prices,
)
from budgets.prices.price_lines import text_of
from budgets.prices.prices import (
    PriceMissing,
    Scope,
    create_price_book,
    find_price,
    highest_price,
    is_model_name,
    parse_rate,
    price_at,
    set_price,
)

__all__ = [
    "PriceFileChanged",
    "PriceFilePreview",
    "PriceMissing",
    "PricesRefused",
    "Scope",
    "create_price_book",
    "export_prices",
    "find_price",
    "highest_price",
    "import_prices",
    "is_model_name",
    "parse_rate",
    "preview_prices",
    "price_at",
    "set_price",
    "text_of",
]
