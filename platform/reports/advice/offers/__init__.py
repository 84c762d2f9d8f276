"""What can be bought next: students and teachers of labels that are there or can be bought, each with its price."""

from reports.advice.offers.offer import Offer, Offers
from reports.advice.offers.offering import offers_of, price_of_labels_alone

__all__ = ["Offer", "Offers", "offers_of", "price_of_labels_alone"]
