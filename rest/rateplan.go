package rest

import (
	"context"
	"net/http"
	"strings"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// RatePlanPath is the address of a rate plan.
type RatePlanPath struct {
	HotelPath
	RatePlanID string `path:"rate_plan_id" maxLength:"64" example:"rp_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the rate plan."`
}

type ratePlanGetIn struct {
	RatePlanPath
	IfNoneMatch
}

type ratePlanPutIn struct {
	RatePlanPath
	IfMatch
	Raw
}

type ratePlanDeleteIn struct {
	RatePlanPath
	IfMatch
}

type overrideIn struct {
	RatePlanPath
	Raw
}

type madeRatePlanOut struct {
	Location string `header:"Location" doc:"Address of what was made."`
	ETag     string `header:"ETag" doc:"Version, for If-Match."`
	Body     wire.RatePlan
}

type ratePlanOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Version, for If-Match and If-None-Match."`
	Body   *wire.RatePlan
}

type ratePlanListOut struct {
	Body wire.RatePlanList
}

type revocationOut struct {
	Body wire.Revocation
}

func (s *server) ratePlanCalls() {
	const tag = "Rate plans"
	const path = "/v1/hotels/{hotel_id}/rate-plans"
	const body = `{
  "name": "Flexible with breakfast", "board": "breakfast", "price_percent": 110,
  "included_adults": 2, "extra_adult": {"amount": "45.00", "currency": "EUR"},
  "child_bands": [{"up_to_age": 6, "supplement": {"amount": "0.00", "currency": "EUR"}}, {"up_to_age": 15, "supplement": {"amount": "20.00", "currency": "EUR"}}],
  "free_cancellation_hours": 48, "cancellation_fee_percent": 80
}`
	handleBody(s, operation{
		id: "create-rate-plan", method: http.MethodPost, path: path, tag: tag, summary: "Add a rate plan",
		about:  "The price of a night is its share of the room type's price, plus its amount, plus supplements; single nights can be overridden.",
		scopes: staff, status: http.StatusCreated, codes: []string{"hotel_not_found", "currency_mismatch"},
		examples: []example{{"breakfast", "With breakfast, free until two days before", body}},
	}, s.createRatePlan)
	handle(s, operation{
		id: "list-rate-plans", method: http.MethodGet, path: path, tag: tag, summary: "List rate plans", about: "For its staff.",
		scopes: staff, status: http.StatusOK, codes: []string{"hotel_not_found"},
	}, s.listRatePlans)
	handle(s, operation{
		id: "get-rate-plan", method: http.MethodGet, path: path + "/{rate_plan_id}", tag: tag, summary: "Read a rate plan", about: "For its staff.",
		scopes: staff, status: http.StatusOK, codes: []string{"hotel_not_found", "rate_plan_not_found"},
		answers: map[int]string{http.StatusNotModified: "You have the current version."},
	}, s.getRatePlan)
	handleBody(s, operation{
		id: "replace-rate-plan", method: http.MethodPut, path: path + "/{rate_plan_id}", tag: tag, summary: "Replace a rate plan",
		about:  "Makes a new version of it. Offers and reservations keep the version they were made with. Overrides stay.",
		scopes: staff, status: http.StatusOK, ifMatch: true, codes: []string{"hotel_not_found", "rate_plan_not_found", "currency_mismatch"},
		examples: []example{{"strict", "Without free cancelling", `{"name": "Saver", "price_percent": 85, "cancellation_fee_percent": 100}`}},
	}, s.replaceRatePlan)
	handle(s, operation{
		id: "delete-rate-plan", method: http.MethodDelete, path: path + "/{rate_plan_id}", tag: tag, summary: "Delete a rate plan",
		about:  "It is not offered any more; offers made before can be booked until they end.",
		scopes: staff, status: http.StatusNoContent, ifMatch: true, codes: []string{"hotel_not_found", "rate_plan_not_found", "last_rate_plan"},
	}, s.deleteRatePlan)
	handleBody(s, operation{
		id: "set-override", method: http.MethodPut, path: path + "/{rate_plan_id}/overrides", tag: tag, summary: "Override the price of nights",
		about:  "An explicit price for the nights `[from, to)` of one room type, instead of the rule's.",
		scopes: staff, status: http.StatusOK, codes: []string{"hotel_not_found", "rate_plan_not_found", "room_type_not_found", "currency_mismatch"},
		examples: []example{
			{"new_year", "New Year's Eve", `{"room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6b0", "from": "2027-12-30", "to": "2028-01-02", "amount": "390.00"}`},
			{"back", "Back to the rule", `{"room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6b0", "from": "2027-12-30", "to": "2028-01-02", "amount": null}`},
		},
	}, s.setOverride)
	handleBody(s, operation{
		id: "revoke-offers", method: http.MethodPost, path: "/v1/hotels/{hotel_id}/offer-revocations", tag: tag, summary: "Withdraw offers",
		about: "Ends every offer made before now: of one rate plan, or without a body of the hotel's whole supplier, its other hotels included. " +
			"Whoever tries to reserve one gets 410 `offer_revoked`; new searches give fresh offers at once.",
		scopes: staff, status: http.StatusCreated, bodyOptional: true, codes: []string{"hotel_not_found", "rate_plan_not_found"},
		examples: []example{
			{"plan", "Those of one rate plan", `{"rate_plan_id": "rp_01kavwy2x4e8hrn5z3m7q9t6b0"}`},
			{"all", "All of the supplier's", `{}`},
		},
	}, s.revokeOffers)
}

var boards = map[string]hotel.Board{
	"room_only": hotel.RoomOnly, "breakfast": hotel.Breakfast, "half_board": hotel.HalfBoard, "full_board": hotel.FullBoard, "all_inclusive": hotel.AllInclusive,
}

// neverFree is what a rate plan says that cannot be cancelled for nothing.
const neverFree = -1

func ratePlanFields(r *reader, h *hotel.Hotel, p *hotel.RatePlan, b *wire.RatePlanRequest) {
	c := h.Currency
	p.Name, p.Board, p.IncludedAdults = b.Name, hotel.RoomOnly, b.IncludedAdults
	if b.Board != "" {
		p.Board = boards[b.Board]
	}
	p.PercentBP = 10_000
	if b.PricePercent != nil {
		p.PercentBP = basisPoints(*b.PricePercent)
	}
	p.Amount, p.ExtraAdult = r.minor("/amount", b.Amount, c), r.minor("/extra_adult", b.ExtraAdult, c)
	p.ChildBands = nil
	for i, band := range b.ChildBands {
		p.ChildBands = append(p.ChildBands, hotel.ChildBand{UpToAge: band.UpToAge, Minor: r.minor("/child_bands/"+itoa(i)+"/supplement", &band.Supplement, c)})
	}
	p.FreeUntilHours = neverFree
	if b.FreeCancellationHours != nil {
		p.FreeUntilHours = *b.FreeCancellationHours
	}
	p.FeeBP = 10_000
	if b.CancellationFeePercent != nil {
		p.FeeBP = basisPoints(*b.CancellationFeePercent)
	}
	p.RoomTypes = nil
	for i, text := range b.RoomTypeIDs {
		p.RoomTypes = append(p.RoomTypes, r.id("/room_type_ids/"+itoa(i), roomTypeID, text))
	}
}

// ratePlanNames are the API's names for the service's places.
func ratePlanNames(pointer string) string {
	switch pointer {
	case "/percent_bp":
		return "/price_percent"
	case "/free_until_hours":
		return "/free_cancellation_hours"
	case "/fee_bp":
		return "/cancellation_fee_percent"
	}
	if rest, ok := strings.CutPrefix(pointer, "/room_types/"); ok {
		return "/room_type_ids/" + rest
	}
	if strings.HasPrefix(pointer, "/child_bands/") {
		return strings.Replace(pointer, "/minor", "/supplement", 1)
	}
	return pointer
}

func showRatePlan(h *hotel.House, p *hotel.RatePlan) wire.RatePlan {
	c := h.Hotel.Currency
	out := wire.RatePlan{
		ID: p.ID.Text(ratePlanID), HotelID: h.Hotel.ID.Text(hotelID), Name: p.Name, Board: p.Board.String(), PricePercent: percent(p.PercentBP),
		Amount: wire.Minor(p.Amount, c), IncludedAdults: p.IncludedAdults, ExtraAdult: wire.Minor(p.ExtraAdult, c),
		CancellationFeePercent: percent(p.FeeBP), CreatedAt: instant(p.CreatedAt), UpdatedAt: instant(p.UpdatedAt),
	}
	if p.FreeUntilHours >= 0 {
		hours := p.FreeUntilHours
		out.FreeCancellationHours = &hours
	}
	for _, b := range p.ChildBands {
		out.ChildBands = append(out.ChildBands, wire.ChildBand{UpToAge: b.UpToAge, Supplement: wire.Minor(b.Minor, c)})
	}
	for _, id := range p.RoomTypes {
		out.RoomTypeIDs = append(out.RoomTypeIDs, id.Text(roomTypeID))
	}
	for i := range h.Types { // in the order of the types, so that the same plan always looks the same
		id := h.Types[i].ID
		for _, run := range p.Overrides[id] {
			out.Overrides = append(out.Overrides, wire.Override{
				RoomTypeID: id.Text(roomTypeID), From: run.From.String(), To: run.To.String(), Price: wire.Minor(run.Value, c),
			})
		}
	}
	return out
}

func planIn(h *hotel.House, text string) (*hotel.RatePlan, error) {
	if id, err := uid.Parse(ratePlanID, text); err == nil {
		if p := h.Plan(id); p != nil && p.Status != hotel.Retired {
			return p, nil
		}
	}
	return nil, fault.New(fault.NotFound, "rate_plan_not_found", "The hotel has no rate plan %s.", shown(text))
}

func planMade(h *hotel.House, id uid.ID) (*hotel.RatePlan, error) {
	if p := h.Plan(id); p != nil {
		return p, nil
	}
	return nil, problem.New("rate_plan_not_found", "The rate plan was deleted meanwhile.")
}

func (s *server) createRatePlan(ctx context.Context, c *call, in *inHotelIn, b *wire.RatePlanRequest) (*madeRatePlanOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	p := hotel.RatePlan{Hotel: h.Hotel.ID}
	var r reader
	ratePlanFields(&r, &h.Hotel, &p, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, id, err := s.Hotels.CreateRatePlan(ctx, e, p)
	if err != nil {
		return nil, rebase(err, "", ratePlanNames)
	}
	made, err := planMade(done, id)
	if err != nil {
		return nil, err
	}
	shown := showRatePlan(done, made)
	return &madeRatePlanOut{Location: "/v1/hotels/" + shown.HotelID + "/rate-plans/" + shown.ID, ETag: etag(done.Revision, staffView), Body: shown}, nil
}

func (s *server) listRatePlans(ctx context.Context, c *call, in *hotelPageIn) (*ratePlanListOut, error) {
	h, _, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	all := make([]wire.RatePlan, 0, len(h.Plans))
	for i := range h.Plans {
		if h.Plans[i].Status != hotel.Retired {
			all = append(all, showRatePlan(h, &h.Plans[i]))
		}
	}
	page, next, err := slice(in.Page, all)
	if err != nil {
		return nil, err
	}
	return &ratePlanListOut{Body: wire.RatePlanList{RatePlans: page, Next: next}}, nil
}

func (s *server) getRatePlan(ctx context.Context, c *call, in *ratePlanGetIn) (*ratePlanOut, error) {
	h, _, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	p, err := planIn(h, in.RatePlanID)
	if err != nil {
		return nil, err
	}
	out := &ratePlanOut{Status: http.StatusOK, ETag: etag(h.Revision, staffView)}
	if in.fresh(out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	shown := showRatePlan(h, p)
	out.Body = &shown
	return out, nil
}

func (s *server) replaceRatePlan(ctx context.Context, c *call, in *ratePlanPutIn, b *wire.RatePlanRequest) (*ratePlanOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	p, err := planIn(h, in.RatePlanID)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	next := *p
	var r reader
	ratePlanFields(&r, &h.Hotel, &next, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, err := s.Hotels.UpdateRatePlan(ctx, e, next, revision)
	if err != nil {
		return nil, rebase(err, "", ratePlanNames)
	}
	return showChangedPlan(done, next.ID)
}

func showChangedPlan(h *hotel.House, id uid.ID) (*ratePlanOut, error) {
	p, err := planMade(h, id)
	if err != nil {
		return nil, err
	}
	shown := showRatePlan(h, p)
	return &ratePlanOut{Status: http.StatusOK, ETag: etag(h.Revision, staffView), Body: &shown}, nil
}

func (s *server) deleteRatePlan(ctx context.Context, c *call, in *ratePlanDeleteIn) (*nothing, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	p, err := planIn(h, in.RatePlanID)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	return nil, s.Hotels.DeleteRatePlan(ctx, e, h.Hotel.ID, p.ID, revision)
}

func (s *server) setOverride(ctx context.Context, c *call, in *overrideIn, b *wire.OverrideRequest) (*ratePlanOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	p, err := planIn(h, in.RatePlanID)
	if err != nil {
		return nil, err
	}
	t, err := typeIn(h, b.RoomTypeID, true)
	if err != nil {
		return nil, err
	}
	var r reader
	change := hotel.OverrideChange{Hotel: h.Hotel.ID, Plan: p.ID, RoomType: t.ID}
	change.From, change.To = r.run(b.From, b.To)
	change.Minor = r.price("/amount", b.Amount, h.Hotel.Currency)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, err := s.Hotels.SetOverride(ctx, e, change)
	if err != nil {
		return nil, err
	}
	return showChangedPlan(done, p.ID)
}

func (s *server) revokeOffers(ctx context.Context, c *call, in *inHotelIn, b *wire.RevocationRequest) (*revocationOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	out := &revocationOut{Body: wire.Revocation{SupplierID: h.Hotel.Supplier.Text(supplierID), Before: instant(s.Clock.Now())}}
	var plan uid.ID
	if b.RatePlanID != "" {
		p, err := planIn(h, b.RatePlanID)
		if err != nil {
			return nil, err
		}
		plan, out.Body.RatePlanID = p.ID, b.RatePlanID
	}
	return out, s.Hotels.RevokeOffers(ctx, e, h.Hotel.ID, plan)
}
