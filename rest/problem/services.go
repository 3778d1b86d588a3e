package problem

// stockEntries: whether something can be had.
var stockEntries = []Entry{
	{Code: "sold_out", Status: conflict, Title: "Sold out", Meaning: "At least one night has nothing left. Nothing was reserved.", Remedy: "Choose other dates or another room type; a new search shows what there is."},
	{Code: "not_all_yours", Status: forbidden, Title: "Items of other suppliers", Meaning: "The reservation has items of other suppliers, which your staff may not change.", Remedy: "Cancel your own items by a quote that names them."},
	{Code: "hold_limit", Status: conflict, Title: "Too much on hold", Meaning: "You keep, or lately kept, more unpaid stock than one caller may.", Remedy: "Pay for or cancel what you hold, then try again; after many lapsed holds, wait an hour."},
	{Code: "not_on_sale", Status: invalid, Title: "Not on sale", Meaning: "What the offer names is not sold on these dates: it does not exist, or not that far ahead.", Remedy: "Search again and take a fresh offer.", Place: true},
	{Code: "offer_expired", Status: gone, Title: "Offer has ended", Meaning: "The offer's time is over, and with it its price.", Remedy: "Search again and take a fresh offer."},
	{Code: "not_confirmed", Status: conflict, Title: "Not paid yet", Meaning: "Seats are given at check-in, once the reservation is paid.", Remedy: "Pay first, or choose seats from the seat map."},
	{Code: "offer_outdated", Status: gone, Title: "Ride changed", Meaning: "The supplier has changed the ride since the offer was made: other times, or it does not run.", Remedy: "Search again for how it runs now."},
	{Code: "offer_revoked", Status: gone, Title: "Offer withdrawn", Meaning: "The supplier has withdrawn this offer.", Remedy: "Search again and take a fresh offer."},
	{Code: "offer_invalid", Status: invalid, Title: "Not an offer", Meaning: "The text is not an offer of this system, or it was changed on the way.", Remedy: "Send the id of an offer exactly as POST /v1/offers gave it.", Place: true},
	{Code: "offer_not_yours", Status: conflict, Title: "Offer for somebody else", Meaning: "The offer was made for another client.", Remedy: "Search with your own token and take one of those offers."},
	{Code: "price_changed", Status: conflict, Title: "Price has changed", Meaning: "The total is not the one named in expected_total. Nothing was reserved.", Remedy: "\"meta\" names the total as it is now. Show it, and place again with it as expected_total."},
	{Code: "currency_mismatch", Status: invalid, Title: "Wrong currency", Meaning: "An amount is in another currency than the hotel sells in, or items of several currencies were put into one reservation.", Remedy: "Use the hotel's currency; reserve stays of different currencies apart.", Place: true},
	{Code: "reservation_exists", Status: conflict, Title: "Id already used", Meaning: "You have used this reservation id before.", Remedy: "Choose another id. To repeat a call safely, send the same Idempotency-Key with the same body."},
	{Code: "too_many_items", Status: invalid, Title: "Too many items", Meaning: "One reservation cannot hold so many items or rooms.", Remedy: "Split it into several reservations.", Place: true},
	{Code: "items_missing", Status: invalid, Title: "Nothing to reserve", Meaning: "The reservation has no item.", Remedy: "Name at least one offer or plain item.", Place: true},
	{Code: "travellers_missing", Status: invalid, Title: "No traveller", Meaning: "The reservation names nobody who travels.", Remedy: "Name at least one traveller.", Place: true},
	{Code: "min_stay", Status: invalid, Title: "Stay too short", Meaning: "Stays that arrive on this day must be longer.", Remedy: "Stay longer or arrive on another day; the message names the nights needed.", Place: true},
	{Code: "max_stay", Status: invalid, Title: "Stay too long", Meaning: "Stays that arrive on this day must be shorter.", Remedy: "Stay shorter or arrive on another day; the message names the nights allowed.", Place: true},
	{Code: "closed_to_arrival", Status: invalid, Title: "No arrival that day", Meaning: "The room type cannot be arrived in on this day.", Remedy: "Arrive on another day.", Place: true},
	{Code: "closed_to_departure", Status: invalid, Title: "No departure that day", Meaning: "The room type cannot be left on this day.", Remedy: "Leave on another day.", Place: true},
	{Code: "place_unknown", Status: notFound, Title: "Place not known", Meaning: "No city or area of this name has hotels here.", Remedy: "Check the spelling, or search around coordinates."},
	{Code: "adults_too_few", Status: invalid, Title: "A room without an adult", Meaning: "Every room needs at least one adult.", Remedy: "Name at least as many adults as rooms.", Place: true},
}

// stateEntries: what a reservation's state allows.
var stateEntries = []Entry{
	{Code: "reservation_not_found", Status: notFound, Title: "No such reservation", Meaning: "There is no reservation with this id that you may see.", Remedy: "Check the id and the token."},
	{Code: "hold_expired", Status: conflict, Title: "Hold has ended", Meaning: "The time to pay is over and the stock was given back.", Remedy: "Place a new reservation."},
	{Code: "not_payable", Status: conflict, Title: "Cannot be paid now", Meaning: "The reservation is not waiting for a payment.", Remedy: "Read the reservation; its available_actions say what can be done."},
	{Code: "not_extendable", Status: conflict, Title: "Cannot be extended", Meaning: "Only an unpaid hold can be given more time.", Remedy: "Read the reservation; its available_actions say what can be done."},
	{Code: "quote_required", Status: conflict, Title: "Needs a quote", Meaning: "The reservation is paid; cancelling it may cost something, so you have to agree to a price first.", Remedy: "POST /v1/reservations/{id}/cancellations gives a quote; confirm it."},
	{Code: "payment_running", Status: conflict, Title: "A payment is running", Meaning: "A payment for this reservation has begun and its outcome is not known yet.", Remedy: "Read the reservation again in a few seconds.", Retryable: true},
	{Code: "not_cancellable", Status: conflict, Title: "Cannot be cancelled", Meaning: "The reservation, or an item that was named, is not in a state that can be cancelled.", Remedy: "Read the reservation; its available_actions say what can be done."},
	{Code: "quote_not_found", Status: notFound, Title: "No such quote", Meaning: "There is no quote with this id for this reservation.", Remedy: "Ask for a new quote."},
	{Code: "quote_expired", Status: gone, Title: "Quote has ended", Meaning: "The quote's time is over.", Remedy: "Ask for a new quote."},
	{Code: "quote_outdated", Status: conflict, Title: "Quote no longer fits", Meaning: "The reservation has changed since the quote was made.", Remedy: "Ask for a new quote."},
	{Code: "item_not_found", Status: notFound, Title: "No such item", Meaning: "The reservation has no item with this id.", Remedy: "Take the ids from the reservation's items."},
	{Code: "changed_meanwhile", Status: stale, Title: "Changed meanwhile", Meaning: "Somebody changed it after you read it; your change would have been made on an old state.", Remedy: "Read it again, make your change on what is there now, and send the new ETag in If-Match."},
	{Code: "has_reservations", Status: conflict, Title: "Has reservations", Meaning: "There are stays to come, so it cannot be deleted.", Remedy: "Close its sale, and delete it when the last stay is over."},
}

// moneyEntries: payments.
var moneyEntries = []Entry{
	{Code: "payment_declined", Status: paymentDue, Title: "Payment declined", Meaning: "The payment was refused, and the reservation has ended. Nothing was charged.", Remedy: "Place a new reservation and pay with another method."},
	{Code: "paid_too_late", Status: conflict, Title: "Paid too late", Meaning: "The money came after the hold had ended and the stock was sold to somebody else. All of it goes back.", Remedy: "Place a new reservation."},
	{Code: "payment_method_unknown", Status: invalid, Title: "Payment method not known", Meaning: "No payment provider knows this method.", Remedy: "Send the token (pm_...) that the payment provider gave you.", Place: true},
	{Code: "card_number_refused", Status: invalid, Title: "Card numbers are not accepted", Meaning: "The payment method looks like a card number. It was not stored.", Remedy: "Send the token (pm_...) that the payment provider gave you for the card.", Place: true},
	{Code: "payment_not_found", Status: notFound, Title: "No such payment", Meaning: "There is no payment with this id that you may see.", Remedy: "Check the id and the token."},
	{Code: "payment_state", Status: conflict, Title: "Payment is past that", Meaning: "The payment's state does not allow this step.", Remedy: "Read the payment to see where it stands."},
	{Code: "payment_amount_invalid", Status: invalid, Title: "Amount not allowed", Meaning: "The amount is zero, negative or in another currency than the payment.", Remedy: "Send an amount above zero in the payment's currency.", Place: true},
	{Code: "payment_id_missing", Status: invalid, Title: "Payment id missing", Meaning: "A payment needs an id.", Remedy: "Name one.", Place: true},
	{Code: "refund_exceeds_payment", Status: conflict, Title: "More than was paid", Meaning: "The refund is larger than what is left of the payment.", Remedy: "Read the payment; refund at most what is left."},
	{Code: "refund_not_refused", Status: conflict, Title: "No refused refund", Meaning: "No refund of this reservation was refused, or it has been dealt with.", Remedy: "Read the reservation; its payment_status is refund_failed where there is something to do."},
	{Code: "reference_invalid", Status: invalid, Title: "Reference missing or too long", Meaning: "A refund that was paid by other means needs a reference of one line.", Remedy: "Say where the payment can be found, e.g. the number of the bank transfer.", Place: true},
	{Code: "payment_provider_unavailable", Status: unavailable, Title: "Payment provider out of reach", Meaning: "The payment provider could not be reached. Nothing was charged.", Remedy: "Try again after the time in Retry-After, with the same Idempotency-Key.", Retryable: true},
}

// catalogueEntries: suppliers, hotels and what is in them.
var catalogueEntries = []Entry{
	{Code: "supplier_not_found", Status: notFound, Title: "No such supplier", Meaning: "There is no supplier with this id that you may act for.", Remedy: "Check the id and the token."},
	{Code: "supplier_exists", Status: conflict, Title: "Supplier exists", Meaning: "There is another supplier with this id.", Remedy: "Choose another id, or none and let us choose."},
	{Code: "supplier_kind", Status: invalid, Title: "Wrong kind of supplier", Meaning: "Hotels belong to suppliers of the kind hotel_chain, trains to a railway, flights to an airline.", Remedy: "Name a supplier of that kind.", Place: true},
	{Code: "supplier_fixed", Status: invalid, Title: "Supplier cannot change", Meaning: "A hotel stays with its supplier.", Remedy: "Leave supplier_id out or repeat the one it has.", Place: true},
	{Code: "hotel_not_found", Status: notFound, Title: "No such hotel", Meaning: "There is no hotel with this id that you may see.", Remedy: "Check the id and the token."},
	{Code: "room_type_not_found", Status: notFound, Title: "No such room type", Meaning: "The hotel has no room type with this id.", Remedy: "Check the id; GET the hotel lists its room types."},
	{Code: "room_not_found", Status: notFound, Title: "No such room", Meaning: "The hotel has no room with this id.", Remedy: "Check the id; GET the hotel's rooms lists them."},
	{Code: "rate_plan_not_found", Status: notFound, Title: "No such rate plan", Meaning: "The hotel has no rate plan with this id.", Remedy: "Check the id; GET the hotel's rate plans lists them."},
	{Code: "invalid_text", Status: invalid, Title: "Text cannot be used", Meaning: "The text is empty, too long, or has control characters.", Remedy: "The message says what is wrong with it.", Place: true},
	{Code: "unknown_value", Status: invalid, Title: "Value not known", Meaning: "The value is not one of those the field knows.", Remedy: "The message lists them.", Place: true},
	{Code: "clock_backwards", Status: conflict, Title: "Clocks go forward", Meaning: "The sandbox clock can only be set to a later time.", Remedy: "Start afresh on an empty data folder for an earlier time."},
}

// systemEntries: ours, not yours.
var systemEntries = []Entry{
	{Code: "internal", Status: 500, Title: "Our fault", Meaning: "Something went wrong on our side. It has been logged.", Remedy: "Repeat the call with the same Idempotency-Key. If it goes on, tell us the request_id.", Retryable: true},
	{Code: "overloaded", Status: unavailable, Title: "At the limit", Meaning: "The system has more to do than it can take on right now. Nothing was changed.", Remedy: "Try again after the time in Retry-After.", Retryable: true},
	{Code: "store_unavailable", Status: unavailable, Title: "Store out of reach", Meaning: "The database cannot be reached right now.", Remedy: "Try again after the time in Retry-After, with the same Idempotency-Key.", Retryable: true},
	{Code: "outcome_unknown", Status: unavailable, Title: "Outcome not known", Meaning: "The change was sent and its answer lost; it may have taken effect.", Remedy: "Repeat the call with the same Idempotency-Key: it has no second effect, and you get the answer.", Retryable: true},
	{Code: "gave_up_waiting", Status: unavailable, Title: "Gave up waiting", Meaning: "The call ended before its turn came.", Remedy: "Repeat the call with the same Idempotency-Key.", Retryable: true},
	{Code: "shutting_down", Status: unavailable, Title: "Going down", Meaning: "This server is stopping and takes nothing new.", Remedy: "Try again in a few seconds; another server or the restarted one will answer.", Retryable: true},
	{Code: "not_ready", Status: unavailable, Title: "Not ready", Meaning: "The server is starting or has lost something it needs.", Remedy: "Ask again in a few seconds.", Retryable: true},
}
