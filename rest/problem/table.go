package problem

import (
	"net/http"
	"slices"
	"strings"
)

// Entry is what a code means and what to do about it.
type Entry struct {
	Code      string
	Status    int
	Title     string
	Meaning   string
	Remedy    string
	Retryable bool // the same call can succeed later, unchanged
	Place     bool // names one wrong place under "errors"; may also stand for the whole answer
}

// Find looks a code up.
func Find(code string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(sorted, code, func(e Entry, c string) int { return strings.Compare(e.Code, c) })
	if !ok {
		return Entry{}, false
	}
	return sorted[i], true
}

// All lists every code in alphabetical order.
func All() []Entry { return slices.Clone(sorted) }

var sorted = func() []Entry {
	all := slices.Concat(requestEntries, accessEntries, placeEntries, stockEntries, seatEntries, railEntries, flightEntries, feedEntries, stateEntries, moneyEntries, catalogueEntries, valueEntries, importEntries, systemEntries)
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Code, b.Code) })
	for i := 1; i < len(all); i++ {
		if all[i].Code == all[i-1].Code {
			panic("problem: two entries for " + all[i].Code)
		}
	}
	return all
}()

const (
	badRequest   = http.StatusBadRequest
	unauthorized = http.StatusUnauthorized
	paymentDue   = http.StatusPaymentRequired
	forbidden    = http.StatusForbidden
	notFound     = http.StatusNotFound
	conflict     = http.StatusConflict
	gone         = http.StatusGone
	stale        = http.StatusPreconditionFailed
	invalid      = http.StatusUnprocessableEntity
	limited      = http.StatusTooManyRequests
	unavailable  = http.StatusServiceUnavailable
)

// requestEntries: the request could not be read, or is not one we serve.
var requestEntries = []Entry{
	{Code: "malformed_json", Status: badRequest, Title: "Not JSON", Meaning: "The body is not valid JSON. Nothing was done.", Remedy: "Send one JSON value as RFC 8259 defines it. The answer says at which byte reading stopped."},
	{Code: "duplicate_key", Status: badRequest, Title: "Key given twice", Meaning: "An object of the body has the same key twice, and it is not clear which one is meant. Nothing was done.", Remedy: "Send every key once.", Place: true},
	{Code: "nul_character", Status: badRequest, Title: "NUL character", Meaning: "A text holds the character U+0000. Nothing was done.", Remedy: "Leave the character out.", Place: true},
	{Code: "invalid_utf8", Status: badRequest, Title: "Not UTF-8", Meaning: "The body has bytes that are not UTF-8. Nothing was done.", Remedy: "Encode the body as UTF-8, without half surrogates.", Place: true},
	{Code: "trailing_data", Status: badRequest, Title: "Something after the end", Meaning: "After the JSON value there is more. Nothing was done.", Remedy: "Send one JSON value and nothing behind it."},
	{Code: "too_deep", Status: badRequest, Title: "Nested too deeply", Meaning: "The body nests objects and lists more deeply than any call here needs.", Remedy: "Send the body in the form the reference shows."},
	{Code: "body_required", Status: badRequest, Title: "Body missing", Meaning: "This call needs a JSON body and none was sent.", Remedy: "Send the body with Content-Type: application/json."},
	{Code: "body_unreadable", Status: badRequest, Title: "Body broke off", Meaning: "The body ended before its announced length, or its encoding was wrong.", Remedy: "Send the whole body; check Content-Length and the connection.", Retryable: true},
	{Code: "body_too_large", Status: http.StatusRequestEntityTooLarge, Title: "Body too large", Meaning: "The body is larger than this call reads.", Remedy: "Send fewer items in one call."},
	{Code: "unsupported_media_type", Status: http.StatusUnsupportedMediaType, Title: "Wrong content type", Meaning: "Bodies are read as application/json in UTF-8, not compressed.", Remedy: "Send Content-Type: application/json and no Content-Encoding."},
	{Code: "request_timeout", Status: http.StatusRequestTimeout, Title: "Body came too slowly", Meaning: "The body did not arrive in time. Nothing was done.", Remedy: "Send it again over a better connection.", Retryable: true},
	{Code: "header_malformed", Status: badRequest, Title: "Header cannot be read", Meaning: "A header of the request has a value that means nothing here.", Remedy: "Correct the header that the answer names.", Place: true},
	{Code: "idempotency_key_required", Status: badRequest, Title: "Idempotency-Key missing", Meaning: "Calls that create or charge need the header Idempotency-Key, so that a repeated call has no second effect.", Remedy: "Send a fresh random key (for example a UUID) with each new intent, and the same key when you repeat it."},
	{Code: "idempotency_key_malformed", Status: badRequest, Title: "Idempotency-Key cannot be used", Meaning: "The key must be 1 to 255 visible ASCII characters.", Remedy: "Use for example a UUID."},
	{Code: "idempotency_key_reused", Status: invalid, Title: "Idempotency-Key used for another request", Meaning: "The key came before with another body.", Remedy: "Take a fresh key for a new intent; repeat a call with exactly the same body."},
	{Code: "idempotency_in_progress", Status: conflict, Title: "Still being done", Meaning: "An earlier call with this key has not come to its end.", Remedy: "Repeat the call after the time in Retry-After; you will get the answer of the first one.", Retryable: true},
	{Code: "path_unknown", Status: notFound, Title: "No such path", Meaning: "Nothing is served under this path.", Remedy: "See /docs for the calls there are."},
	{Code: "not_served", Status: notFound, Title: "Not sold here", Meaning: "This server does not sell what was asked for.", Remedy: "See /docs for what it sells."},
	{Code: "method_not_allowed", Status: http.StatusMethodNotAllowed, Title: "Method not allowed", Meaning: "The path exists, but not with this method.", Remedy: "Use one of the methods in the header Allow."},
	{Code: "validation_failed", Status: invalid, Title: "Request breaks a rule", Meaning: "The request could be read, but something in it is not allowed. Nothing was done.", Remedy: "Correct the places that \"errors\" names; each has a pointer into the body, a code and a message."},
}

// accessEntries: who may do what, and how often.
var accessEntries = []Entry{
	{Code: "token_missing", Status: unauthorized, Title: "Token missing", Meaning: "The call needs to know who you are.", Remedy: "Send the header Authorization: Bearer followed by your token."},
	{Code: "token_unknown", Status: unauthorized, Title: "Token not known", Meaning: "The token is not one of ours, or it has ended.", Remedy: "Check that the token is complete and meant for this system."},
	{Code: "scope_missing", Status: forbidden, Title: "Not allowed", Meaning: "Your token does not have a scope this call needs.", Remedy: "Use a token with one of the scopes the answer names."},
	{Code: "rate_limited", Status: limited, Title: "Too many calls", Meaning: "You called more often than your limit allows.", Remedy: "Wait for the time in Retry-After. The headers RateLimit and RateLimit-Policy show your limit.", Retryable: true},
}

// placeEntries: what can be wrong with one place of a request.
var placeEntries = []Entry{
	{Code: "unknown_field", Status: invalid, Title: "Unknown field", Meaning: "The body has a field that this call does not know. Names are exact, lower case with underscores.", Remedy: "Leave it out or correct its name.", Place: true},
	{Code: "unknown_parameter", Status: invalid, Title: "Unknown parameter", Meaning: "The address has a query parameter that this call does not know.", Remedy: "Leave it out or correct its name.", Place: true},
	{Code: "required", Status: invalid, Title: "Missing", Meaning: "A field or parameter that is needed is missing.", Remedy: "Add it.", Place: true},
	{Code: "null_not_allowed", Status: invalid, Title: "null not allowed", Meaning: "The field is null, which means nothing here.", Remedy: "Give it a value or leave it out.", Place: true},
	{Code: "wrong_type", Status: invalid, Title: "Wrong type", Meaning: "The value is of another type than the field: a number instead of a text, for example.", Remedy: "Send the type the reference shows.", Place: true},
	{Code: "wrong_format", Status: invalid, Title: "Wrong form", Meaning: "The text does not have the form of the field, such as a date YYYY-MM-DD, an id or an amount \"12.30\".", Remedy: "See the field's description and example in /docs.", Place: true},
	{Code: "too_small", Status: invalid, Title: "Too small", Meaning: "The number is below what is allowed.", Remedy: "The message names the bound.", Place: true},
	{Code: "too_large", Status: invalid, Title: "Too large", Meaning: "The number is above what is allowed.", Remedy: "The message names the bound.", Place: true},
	{Code: "too_short", Status: invalid, Title: "Too short", Meaning: "The text or list is shorter than allowed.", Remedy: "The message names the bound.", Place: true},
	{Code: "too_long", Status: invalid, Title: "Too long", Meaning: "The text or list is longer than allowed.", Remedy: "The message names the bound.", Place: true},
	{Code: "not_a_choice", Status: invalid, Title: "Not one of the choices", Meaning: "The value is not one of those the field knows.", Remedy: "The message lists them.", Place: true},
	{Code: "repeated", Status: invalid, Title: "Given twice", Meaning: "A list that wants different values has one twice.", Remedy: "Name each once.", Place: true},
	{Code: "not_together", Status: invalid, Title: "Not together", Meaning: "Fields were given that exclude each other.", Remedy: "Give one of them.", Place: true},
	{Code: "unknown_currency", Status: invalid, Title: "Not a currency", Meaning: "The text is not an ISO 4217 currency code in capitals.", Remedy: "Send for example EUR.", Place: true},
	{Code: "cursor_invalid", Status: invalid, Title: "Cursor cannot be read", Meaning: "The page cursor is not one that this call gave out.", Remedy: "Pass on \"next\" as it came, or start without a cursor.", Place: true},
}
