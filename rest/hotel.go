package rest

import (
	"context"
	"net/http"
	"strings"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// What a hotel gets that its maker does not say.
const (
	defaultOverbookingBP = 1000
	defaultCheckInFrom   = "15:00"
	defaultCheckOutUntil = "11:00"
)

// HotelPath is the address of a hotel.
type HotelPath struct {
	HotelID string `path:"hotel_id" maxLength:"64" example:"htl_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the hotel."`
}

type hotelListIn struct {
	Page
	Q    string `query:"q" maxLength:"200" example:"amsel" doc:"Words that name, address or city must contain."`
	City string `query:"city" maxLength:"100" example:"Lisbon" doc:"Exact name of the city, without regard to case."`
}

type hotelGetIn struct {
	HotelPath
	IfNoneMatch
}

type hotelPutIn struct {
	HotelPath
	IfMatch
	Raw
}

type hotelDeleteIn struct {
	HotelPath
	IfMatch
}

type madeHotelOut struct {
	Location string `header:"Location" doc:"Address of what was made."`
	ETag     string `header:"ETag" doc:"Version, for If-Match."`
	Body     wire.Hotel
}

type hotelOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Version, for If-Match and If-None-Match."`
	Body   *wire.Hotel
}

type hotelListOut struct {
	Body wire.HotelList
}

type nothing struct{}

const hotelBody = `{
  "supplier_id": "sup_01kavwy2x4e8hrn5z3m7q9t6b0", "name": "Hotel Amsel", "stars": 4,
  "address": "Am Ufer 12", "postal_code": "1100-148", "city": "Lisbon", "country": "PT",
  "latitude": 38.7197, "longitude": -9.1431, "time_zone": "Europe/Lisbon", "currency": "EUR",
  "amenities": ["wifi", "breakfast_room", "parking"], "check_in_from": "15:00", "check_out_until": "11:00", "overbooking_bp": 1000,
  "levies": [
    {"kind": "tax", "code": "vat", "rule": "percent_of_base", "percent": 7, "included": true},
    {"kind": "fee", "code": "city_tax", "rule": "per_adult_night", "amount": {"amount": "2.50", "currency": "EUR"}}
  ]
}`

func (s *server) hotelCalls() {
	const tag = "Hotels"
	handleBody(s, operation{
		id: "create-hotel", method: http.MethodPost, path: "/v1/hotels", tag: tag, summary: "Add a hotel",
		about:  "For staff of its supplier. It is born with one flexible rate plan; add room types, and it can be booked.",
		scopes: staff, status: http.StatusCreated,
		codes:    []string{"supplier_not_found", "supplier_kind", "unknown_currency"},
		examples: []example{{"hotel", "A hotel with taxes", hotelBody}},
	}, s.createHotel)
	handle(s, operation{
		id: "list-hotels", method: http.MethodGet, path: "/v1/hotels", tag: tag, summary: "List hotels",
		about:  "Public. Staff of a supplier see their own, those being prepared too. To find what is free, use `POST /v1/offers`.",
		public: true, status: http.StatusOK,
	}, s.listHotels)
	handle(s, operation{
		id: "get-hotel", method: http.MethodGet, path: "/v1/hotels/{hotel_id}", tag: tag, summary: "Read a hotel with its room types",
		about:  "Public; its staff see more of it.",
		public: true, status: http.StatusOK, codes: []string{"hotel_not_found"},
		answers: map[int]string{http.StatusNotModified: "You have the current version."},
	}, s.getHotel)
	handleBody(s, operation{
		id: "replace-hotel", method: http.MethodPut, path: "/v1/hotels/{hotel_id}", tag: tag, summary: "Replace a hotel",
		about:  "Replaces everything that can be written; optional fields that are left out take their defaults. The supplier and the currency stay.",
		scopes: staff, status: http.StatusOK, ifMatch: true, codes: []string{"hotel_not_found", "supplier_fixed", "currency_fixed", "capacity_fixed"},
		examples: []example{{"hotel", "With another name and five stars", strings.NewReplacer(`"Hotel Amsel", "stars": 4`, `"Hotel Amsel am Ufer", "stars": 5`).Replace(hotelBody)}},
	}, s.replaceHotel)
	handle(s, operation{
		id: "delete-hotel", method: http.MethodDelete, path: "/v1/hotels/{hotel_id}", tag: tag, summary: "Delete a hotel",
		about:  "Only while there is no stay to come. Reservations of the past keep naming it.",
		scopes: staff, status: http.StatusNoContent, ifMatch: true, codes: []string{"hotel_not_found", "has_reservations", "deletion_pending"},
		params: map[string]string{"hotel_id": "htl_01kavwy2x4e8hrn5z3m7q9t6b4"},
	}, s.deleteHotel)
}

// hotelFields writes what can be written of a hotel over what there is.
func hotelFields(r *reader, h *hotel.Hotel, b *wire.HotelRequest) {
	c, err := money.ParseCurrency(b.Currency)
	if err != nil {
		r.at("/currency", "unknown_currency", "Expected an ISO 4217 code such as EUR.")
		c = "EUR" // only so that the amounts can be read and all wrong places named
	}
	h.Name, h.Stars, h.Address, h.PostalCode, h.City, h.Country = b.Name, b.Stars, b.Address, b.PostalCode, b.City, b.Country
	h.Latitude, h.Longitude, h.TimeZone, h.Currency = b.Latitude, b.Longitude, b.TimeZone, c
	h.Amenities, h.CheckInFrom, h.CheckOutUntil = b.Amenities, b.CheckInFrom, b.CheckOutUntil
	if h.CheckInFrom == "" {
		h.CheckInFrom = defaultCheckInFrom
	}
	if h.CheckOutUntil == "" {
		h.CheckOutUntil = defaultCheckOutUntil
	}
	h.OverbookingBP = defaultOverbookingBP
	if b.OverbookingBP != nil {
		h.OverbookingBP = *b.OverbookingBP
	}
	h.Capacity = b.Capacity
	h.Levies = nil
	for i, l := range b.Levies {
		h.Levies = append(h.Levies, readLevy(r, "/levies/"+itoa(i), l, c))
	}
}

var levyRules = map[string]hotel.LevyRule{
	"percent_of_base": hotel.PercentOfBase, "per_room_night": hotel.PerRoomNight, "per_person_night": hotel.PerPersonNight,
	"per_adult_night": hotel.PerAdultNight, "per_stay": hotel.PerStay,
}

func readLevy(r *reader, at string, l wire.Levy, c money.Currency) hotel.Levy {
	out := hotel.Levy{Kind: offer.Tax, Code: l.Code, Rule: levyRules[l.Rule], Included: l.Included}
	if l.Kind == "fee" {
		out.Kind = offer.Fee
	}
	switch {
	case out.Rule == hotel.PercentOfBase && l.Amount != nil:
		r.at(at+"/amount", "not_together", "percent_of_base takes a percent, not an amount.")
	case out.Rule == hotel.PercentOfBase && l.Percent == nil:
		r.at(at+"/percent", "required", "percent_of_base needs a percent.")
	case out.Rule == hotel.PercentOfBase:
		out.BP = basisPoints(*l.Percent)
	case l.Percent != nil:
		r.at(at+"/percent", "not_together", "This rule takes an amount, not a percent.")
	case l.Amount == nil:
		r.at(at+"/amount", "required", "This rule needs an amount.")
	default:
		out.Minor = r.minor(at+"/amount", l.Amount, c)
	}
	return out
}

func showLevy(l hotel.Levy, c money.Currency) wire.Levy {
	out := wire.Levy{Kind: "tax", Code: l.Code, Included: l.Included}
	if l.Kind == offer.Fee {
		out.Kind = "fee"
	}
	for word, rule := range levyRules {
		if rule == l.Rule {
			out.Rule = word
		}
	}
	if l.Rule == hotel.PercentOfBase {
		p := percent(l.BP)
		out.Percent = &p
	} else {
		m := wire.Minor(l.Minor, c)
		out.Amount = &m
	}
	return out
}

// hotelNames are the API's names for the service's places.
var hotelNames = strings.NewReplacer("/bp", "/percent", "/minor", "/amount").Replace

// showHotel is a hotel as staff of its own or others see it.
func showHotel(h *hotel.House, own bool) wire.Hotel {
	x := &h.Hotel
	out := wire.Hotel{
		ID: x.ID.Text(hotelID), SupplierID: x.Supplier.Text(supplierID), Name: x.Name, Stars: x.Stars, Address: x.Address, PostalCode: x.PostalCode,
		City: x.City, Country: x.Country, Latitude: x.Latitude, Longitude: x.Longitude, TimeZone: x.TimeZone, Currency: string(x.Currency),
		Amenities: x.Amenities, CheckInFrom: x.CheckInFrom, CheckOutUntil: x.CheckOutUntil, CreatedAt: instant(x.CreatedAt), UpdatedAt: instant(x.UpdatedAt),
	}
	for _, l := range x.Levies {
		out.Levies = append(out.Levies, showLevy(l, x.Currency))
	}
	if own {
		bp := x.OverbookingBP
		out.Status, out.OverbookingBP, out.Capacity, out.ExternalRef, out.Revision = x.Status.String(), &bp, x.Capacity, x.ExternalRef, h.Revision
	}
	return out
}

func (s *server) createHotel(ctx context.Context, c *call, _ *Raw, b *wire.HotelRequest) (*madeHotelOut, error) {
	owner, err := s.ownerOf(ctx, c, b.SupplierID)
	if err != nil {
		return nil, err
	}
	e := c.editor()
	if e == nil {
		return nil, problem.New("scope_missing", "")
	}
	h := hotel.Hotel{Supplier: owner.ID}
	var r reader
	hotelFields(&r, &h, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	made, err := s.Hotels.CreateHotel(ctx, *e, h)
	if err != nil {
		return nil, rebase(err, "", hotelNames)
	}
	shown := showHotel(made, true)
	return &madeHotelOut{Location: "/v1/hotels/" + shown.ID, ETag: etag(made.Revision, staffView), Body: shown}, nil
}

// ownerOf is the supplier that a new hotel belongs to: the one named, or the caller's own.
func (s *server) ownerOf(ctx context.Context, c *call, text string) (identity.Supplier, error) {
	if text == "" {
		if c.who.Supplier.IsZero() {
			return identity.Supplier{}, invalidPlaces([]problem.Place{{Pointer: "/supplier_id", Code: "required", Message: "Name the supplier the hotel belongs to."}})
		}
		text = c.who.Supplier.Text(supplierID)
	}
	owner, err := s.supplier(ctx, c, text)
	if err != nil {
		return owner, err
	}
	if owner.Kind != identity.HotelChain {
		return owner, fault.InvalidField("/supplier_id", "supplier_kind", "%s is not a hotel chain; hotels belong to hotel chains.", owner.Name)
	}
	return owner, nil
}

func (s *server) listHotels(ctx context.Context, c *call, in *hotelListIn) (*hotelListOut, error) {
	e := c.editor()
	houses, next, err := s.Hotels.Houses(ctx, hotel.ListQuery{Text: in.Q, City: in.City, After: in.After, Limit: in.limit(), Editor: e})
	if err != nil {
		return nil, err
	}
	out := &hotelListOut{}
	for _, h := range houses {
		out.Body.Hotels = append(out.Body.Hotels, showHotel(h, e != nil && c.actsFor(h.Hotel.Supplier)))
	}
	if next != "" {
		out.Body.Next = &next
	}
	return out, nil
}

// visibleHouse reads a hotel as far as it exists for the caller, and says whether it is theirs.
func (s *server) visibleHouse(ctx context.Context, c *call, text string) (h *hotel.House, own bool, err error) {
	id, err := uid.Parse(hotelID, text)
	if err != nil {
		return nil, false, unknownHotel(text)
	}
	e := c.editor()
	if h, err = s.Hotels.House(ctx, e, id); err != nil {
		return nil, false, err
	}
	if h.Hotel.Status == hotel.Retired {
		return nil, false, unknownHotel(text)
	}
	return h, e != nil && c.actsFor(h.Hotel.Supplier), nil
}

func viewOf(own bool) string {
	if own {
		return staffView
	}
	return publicView
}

func (s *server) getHotel(ctx context.Context, c *call, in *hotelGetIn) (*hotelOut, error) {
	h, own, err := s.visibleHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	out := &hotelOut{Status: http.StatusOK, ETag: etag(h.Revision, viewOf(own))}
	if in.fresh(out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	shown := showHotel(h, own)
	for i := range h.Types {
		if t := &h.Types[i]; sees(own, t.Status) {
			shown.RoomTypes = append(shown.RoomTypes, showRoomType(&h.Hotel, t, own))
		}
	}
	out.Body = &shown
	return out, nil
}

// sees reports whether something in a hotel exists for its staff or for others.
func sees(own bool, s hotel.Status) bool { return s == hotel.Active || own && s == hotel.Preparing }

func (s *server) replaceHotel(ctx context.Context, c *call, in *hotelPutIn, b *wire.HotelRequest) (*hotelOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	if b.SupplierID != "" && b.SupplierID != h.Hotel.Supplier.Text(supplierID) {
		return nil, fault.InvalidField("/supplier_id", "supplier_fixed", "A hotel stays with its supplier.")
	}
	next := h.Hotel
	var r reader
	hotelFields(&r, &next, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, err := s.Hotels.UpdateHotel(ctx, e, next, revision)
	if err != nil {
		return nil, rebase(err, "", hotelNames)
	}
	shown := showHotel(done, true)
	return &hotelOut{Status: http.StatusOK, ETag: etag(done.Revision, staffView), Body: &shown}, nil
}

func (s *server) deleteHotel(ctx context.Context, c *call, in *hotelDeleteIn) (*nothing, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	return nil, s.Hotels.DeleteHotel(ctx, e, h.Hotel.ID, revision)
}
