package rest

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/identity"
	"holdfast/rest/problem"
)

const schemaPrefix = "#/components/schemas/"

const documentAbout = `Reserve what can be reserved, and never twice.

- **Money** is a decimal text with its currency: ` + "`{\"amount\": \"540.00\", \"currency\": \"EUR\"}`" + `. There are no floating point amounts.
- **Times** are RFC 3339 instants. **Nights** are dates, and ranges are half-open: the day of departure is not a night.
- **Errors** are RFC 9457 problems with a stable ` + "`code`" + `; each code has [a page](/errors).
- **Idempotency-Key** makes reserving, paying and cancelling repeatable: the same key and body, the same answer, one effect. Calls that do not list it do not look at it.
- **Lists** come in pages: pass ` + "`next`" + ` on as ` + "`after`" + ` until it is null.
- **ETag**, ` + "`If-Match`" + ` and ` + "`If-None-Match`" + ` keep two people from overwriting each other, and save reading what you have.
`

var scopeAbout = map[identity.Scope]string{
	identity.OffersRead:        "search offers",
	identity.ReservationsWrite: "reserve, and read and cancel what you reserved",
	identity.PaymentsWrite:     "pay",
	identity.RefundsApprove:    "read reservations and payments (staff of a supplier)",
	identity.InventoryWrite:    "change hotels, rates and inventory (staff of a supplier)",
	identity.StaffAll:          "everything (staff)",
}

// newDocument is the beginning of the OpenAPI document; the operations are added as they are registered.
func (s *server) newDocument() *huma.OpenAPI {
	var scopes strings.Builder
	scopes.WriteString("Send `Authorization: Bearer` and your token. Scopes:\n")
	for _, sc := range identity.Scopes {
		scopes.WriteString("\n- `" + string(sc) + "`: " + scopeAbout[sc])
	}
	version := s.Version
	if version == "" {
		version = "0.0.0"
	}
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Holdfast", Version: version, Description: documentAbout, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
		Servers: []*huma.Server{{URL: "/", Description: "This server."}},
		Components: &huma.Components{
			Schemas:         huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{bearer: {Type: "http", Scheme: "bearer", Description: scopes.String()}},
		},
	}
	for _, t := range tags {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: t.name, Description: t.about})
	}
	doc.Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")
	return doc
}

var tags = []struct{ name, about string }{
	{"Offers", "Search what is free and what it costs."},
	{"Reservations", "Reserve, read, extend, and give back."},
	{"Payments", "Pay, and see what was paid."},
	{"Cancellations", "Cancel what is paid: a quote first, then its confirmation."},
	{"Hotels", "Hotels: reading is public, writing is for their staff."},
	{"Room types", "What a hotel sells."},
	{"Rates and inventory", "The price and the stock of each night."},
	{"Rate plans", "Conditions and rules for the price."},
	{"Rooms", "Numbered rooms and when they are out of order."},
	{"Trains", "Look up trains and stations; for their staff updates, fares and coaches."},
	{"Flights", "Look up flights and their seats; for their staff updates and how they are sold."},
	{"Airlines", "For staff of airlines: tariff, fares, aircraft types, carriers, schedules."},
	{"Feeds", "What partners send by itself: timetables and what changes of them."},
	{"Suppliers", "The companies that own stock."},
	{"System", "Whether the system is well."},
	{"Sandbox", "Only in test mode."},
}

// finishDocument opens the schemas of answers, to which fields may be added within a version. The document does not
// change any more; it is written down when it is first asked for.
func (s *server) finishDocument() {
	doc := s.api.OpenAPI()
	if s.SandboxClock == nil {
		doc.Tags = doc.Tags[:len(doc.Tags)-1]
	}
	schemas := doc.Components.Schemas
	sent := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			if media := op.RequestBody.Content["application/json"]; media != nil {
				mark(schemas, media.Schema, sent)
			}
		}
	}
	for name, schema := range schemas.Map() {
		if !sent[name] {
			schema.AdditionalProperties = nil
		}
		if of := schemas.TypeFromRef(schemaPrefix + name); of != nil && len(schema.Properties) > 0 {
			if schema.Extensions == nil {
				schema.Extensions = map[string]any{}
			}
			schema.Extensions["x-field-order"] = fieldOrder(of, schema) // JSON objects have none, and readers want one
		}
	}
	s.document = sync.OnceValue(func() tagged {
		text, err := json.Marshal(doc)
		if err != nil {
			panic("rest: OpenAPI document: " + err.Error()) // a defect of the types in wire; openapi_test.go would see it
		}
		return tag(text)
	})
}

// mark notes the named schemas that a schema is made of.
func mark(r huma.Registry, s *huma.Schema, seen map[string]bool) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		if !seen[name] {
			seen[name] = true
			mark(r, r.SchemaFromRef(s.Ref), seen)
		}
		return
	}
	mark(r, s.Items, seen)
	for _, sub := range s.Properties {
		mark(r, sub, seen)
	}
	for _, sub := range s.OneOf {
		mark(r, sub, seen)
	}
}
