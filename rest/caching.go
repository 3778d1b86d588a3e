package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/identity"
	"holdfast/rest/docs"
)

// caching is what an answer says about keeping it.
type caching struct {
	anonymous string // Cache-Control when nobody said who they are
	known     string // when somebody did
	vary      bool   // staff see more under the same address
}

// What Cache-Control can say. Offers and whatever belongs to somebody are never kept by anybody else; a page about a
// hotel may be some seconds old for the public, which sees its price confirmed by an offer before it buys, and never for
// staff, who have just changed it.
const (
	noStore    = "no-store"
	revalidate = "private, no-cache" // kept by the caller alone, who asks each time
	shortly    = "public, max-age=10, stale-while-revalidate=60"
)

// neverKept is what an operation says that is not in the table, and whatever changes something.
var neverKept = caching{anonymous: noStore, known: noStore}

// cachings is the table of operations whose answers may be kept. A search is not among them: it is asked by POST, with
// a token, and its offers may be for one audience.
var cachings = map[string]caching{
	"list-hotels":     {shortly, revalidate, true},
	"get-hotel":       {shortly, revalidate, true},
	"list-room-types": {shortly, revalidate, true},
	"get-room-type":   {shortly, revalidate, true},
	"get-rate-plan":   {noStore, revalidate, false},
	"get-room":        {noStore, revalidate, false},
	"get-reservation": {noStore, revalidate, false},
	"get-feed":        {noStore, revalidate, false},

	"get-train":               {shortly, shortly, false},
	"list-stations":           {shortly, shortly, false},
	"get-station":             {shortly, shortly, false},
	"list-station-departures": {shortly, shortly, false},
	"find-places":             {shortly, shortly, false},
	"get-airport":             {shortly, shortly, false},
	"list-carriers":           {shortly, shortly, false},
	"get-flight":              {shortly, revalidate, true},
	"get-departure":           {shortly, revalidate, true},
	"get-flight-tariff":       {noStore, revalidate, false},
}

func cachingOf(operation string) caching {
	if c, ok := cachings[operation]; ok {
		return c
	}
	return neverKept
}

var (
	saysNoStore    = []string{noStore}
	saysRevalidate = []string{revalidate}
	saysShortly    = []string{shortly}
	saysVary       = []string{"Authorization"}
)

// set writes the headers.
func (c caching) set(h http.Header, who *identity.Principal) {
	control := c.anonymous
	if who != nil {
		control = c.known
	}
	switch control {
	case noStore:
		h["Cache-Control"] = saysNoStore
	case revalidate:
		h["Cache-Control"] = saysRevalidate
	default:
		h["Cache-Control"] = saysShortly
	}
	if c.vary {
		h["Vary"] = saysVary
	}
}

// describeCaching adds the headers to the document.
func describeCaching(op operation, success *huma.Response) {
	if op.method != http.MethodGet {
		return
	}
	c := cachingOf(op.id)
	example := c.anonymous
	if !op.public {
		example = c.known
	}
	success.Headers["Cache-Control"] = &huma.Param{Description: "How long it may be kept, and by whom.", Schema: &huma.Schema{Type: "string", Examples: []any{example}}}
	if c.vary {
		success.Headers["Vary"] = &huma.Param{Description: "Staff see more.", Schema: &huma.Schema{Type: "string", Examples: []any{"Authorization"}}}
	}
}

// documentControl lets the document be kept for a while: it changes with the version of the software alone.
const documentControl = "public, max-age=60, stale-while-revalidate=600"

// serveDocument answers with the OpenAPI document.
func (s *server) serveDocument(w http.ResponseWriter, r *http.Request) {
	text := s.document()
	w.Header().Set("Content-Type", "application/openapi+json")
	docs.Serve(w, r, text.body, text.tag, documentControl)
}

// tagged is a text with its strong entity tag.
type tagged struct {
	body []byte
	tag  string
}

func tag(body []byte) tagged {
	sum := sha256.Sum256(body)
	return tagged{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}
