package rest

import (
	"context"
	"net/http"
	"strconv"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

func itoa(n int) string { return strconv.Itoa(n) }

// RoomTypePath is the address of a room type.
type RoomTypePath struct {
	HotelPath
	RoomTypeID string `path:"room_type_id" maxLength:"64" example:"rt_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the room type."`
}

type inHotelIn struct {
	HotelPath
	Raw
}

type hotelPageIn struct {
	HotelPath
	Page
}

type roomTypeGetIn struct {
	RoomTypePath
	IfNoneMatch
}

type roomTypePutIn struct {
	RoomTypePath
	IfMatch
	Raw
}

type roomTypeDeleteIn struct {
	RoomTypePath
	IfMatch
}

type madeRoomTypeOut struct {
	Location string `header:"Location" doc:"Address of what was made."`
	ETag     string `header:"ETag" doc:"Version, for If-Match."`
	Body     wire.RoomType
}

type roomTypeOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Version, for If-Match and If-None-Match."`
	Body   *wire.RoomType
}

type roomTypeListOut struct {
	Body wire.RoomTypeList
}

func (s *server) roomTypeCalls() {
	const tag = "Room types"
	const path = "/v1/hotels/{hotel_id}/room-types"
	handleBody(s, operation{
		id: "create-room-type", method: http.MethodPost, path: path, tag: tag, summary: "Add a room type",
		about:  "Makes its stock for every night up to the horizon. It is on sale when the call returns, or `preparing` for a moment.",
		scopes: staff, status: http.StatusCreated, codes: []string{"hotel_not_found", "currency_mismatch"},
		examples: []example{{"double", "Ten double rooms", `{"name": "Double room, garden side", "occupancy": {"adults": 2, "children": 1},
			"base_price": {"amount": "160.00", "currency": "EUR"}, "capacity": 10, "overbooking_bp": 1000}`}},
	}, s.createRoomType)
	handle(s, operation{
		id: "list-room-types", method: http.MethodGet, path: path, tag: tag, summary: "List room types",
		about: "Public; staff see more of them.", public: true, status: http.StatusOK, codes: []string{"hotel_not_found"},
	}, s.listRoomTypes)
	handle(s, operation{
		id: "get-room-type", method: http.MethodGet, path: path + "/{room_type_id}", tag: tag, summary: "Read a room type",
		about: "Public; staff see more of it.", public: true, status: http.StatusOK, codes: []string{"hotel_not_found", "room_type_not_found"},
		answers: map[int]string{http.StatusNotModified: "You have the current version."},
	}, s.getRoomType)
	handleBody(s, operation{
		id: "replace-room-type", method: http.MethodPut, path: path + "/{room_type_id}", tag: tag, summary: "Replace a room type",
		about:  "A new capacity or overbooking holds for all nights from today on. Rates and restrictions stay.",
		scopes: staff, status: http.StatusOK, ifMatch: true, codes: []string{"hotel_not_found", "room_type_not_found", "currency_mismatch"},
		examples: []example{{"double", "Twelve rooms, and dearer", `{"name": "Double room, garden side", "occupancy": {"adults": 2, "children": 1},
			"base_price": {"amount": "175.00", "currency": "EUR"}, "capacity": 12}`}},
	}, s.replaceRoomType)
	handle(s, operation{
		id: "delete-room-type", method: http.MethodDelete, path: path + "/{room_type_id}", tag: tag, summary: "Delete a room type",
		about:  "Only while there is no stay to come in it.",
		scopes: staff, status: http.StatusNoContent, ifMatch: true, codes: []string{"hotel_not_found", "room_type_not_found", "has_reservations", "deletion_pending"},
		params: map[string]string{"room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6b4"},
	}, s.deleteRoomType)
}

func showRoomType(h *hotel.Hotel, t *hotel.RoomType, own bool) wire.RoomType {
	out := wire.RoomType{
		ID: t.ID.Text(roomTypeID), HotelID: h.ID.Text(hotelID), Name: t.Name,
		Occupancy: wire.Occupancy{Adults: t.Occupancy.Adults, Children: t.Occupancy.Children},
		BasePrice: wire.Minor(t.BasePrice, h.Currency), CreatedAt: instant(t.CreatedAt), UpdatedAt: instant(t.UpdatedAt),
	}
	if own {
		capacity := t.Capacity
		out.Status, out.Capacity, out.OverbookingBP = t.Status.String(), &capacity, t.OverbookingBP
	}
	return out
}

func roomTypeFields(r *reader, h *hotel.Hotel, t *hotel.RoomType, b *wire.RoomTypeRequest) {
	t.Name, t.Capacity, t.OverbookingBP = b.Name, b.Capacity, b.OverbookingBP
	t.Occupancy = hotel.Occupancy{Adults: b.Occupancy.Adults, Children: b.Occupancy.Children}
	t.BasePrice = r.minor("/base_price", &b.BasePrice, h.Currency)
	if t.BasePrice < 0 {
		r.at("/base_price/amount", "too_small", "A price is zero or more.")
	}
}

// typeIn finds a room type of a hotel that exists for the caller.
func typeIn(h *hotel.House, text string, own bool) (*hotel.RoomType, error) {
	if id, err := uid.Parse(roomTypeID, text); err == nil {
		if t := h.Type(id); t != nil && sees(own, t.Status) {
			return t, nil
		}
	}
	return nil, fault.New(fault.NotFound, "room_type_not_found", "The hotel has no room type %s.", shown(text))
}

// typeMade finds what a service says it has made.
func typeMade(h *hotel.House, id uid.ID) (*hotel.RoomType, error) {
	if t := h.Type(id); t != nil {
		return t, nil
	}
	return nil, problem.New("room_type_not_found", "The room type was deleted meanwhile.")
}

func (s *server) createRoomType(ctx context.Context, c *call, in *inHotelIn, b *wire.RoomTypeRequest) (*madeRoomTypeOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	t := hotel.RoomType{Hotel: h.Hotel.ID}
	var r reader
	roomTypeFields(&r, &h.Hotel, &t, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, id, err := s.Hotels.CreateRoomType(ctx, e, t)
	if err != nil {
		return nil, err
	}
	made, err := typeMade(done, id)
	if err != nil {
		return nil, err
	}
	shown := showRoomType(&done.Hotel, made, true)
	return &madeRoomTypeOut{
		Location: "/v1/hotels/" + shown.HotelID + "/room-types/" + shown.ID, ETag: etag(done.Revision, staffView), Body: shown,
	}, nil
}

func (s *server) listRoomTypes(ctx context.Context, c *call, in *hotelPageIn) (*roomTypeListOut, error) {
	h, own, err := s.visibleHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	all := make([]wire.RoomType, 0, len(h.Types))
	for i := range h.Types {
		if sees(own, h.Types[i].Status) {
			all = append(all, showRoomType(&h.Hotel, &h.Types[i], own))
		}
	}
	page, next, err := slice(in.Page, all)
	if err != nil {
		return nil, err
	}
	return &roomTypeListOut{Body: wire.RoomTypeList{RoomTypes: page, Next: next}}, nil
}

func (s *server) getRoomType(ctx context.Context, c *call, in *roomTypeGetIn) (*roomTypeOut, error) {
	h, own, err := s.visibleHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	t, err := typeIn(h, in.RoomTypeID, own)
	if err != nil {
		return nil, err
	}
	out := &roomTypeOut{Status: http.StatusOK, ETag: etag(h.Revision, viewOf(own))}
	if in.fresh(out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	shown := showRoomType(&h.Hotel, t, own)
	out.Body = &shown
	return out, nil
}

func (s *server) replaceRoomType(ctx context.Context, c *call, in *roomTypePutIn, b *wire.RoomTypeRequest) (*roomTypeOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	t, err := typeIn(h, in.RoomTypeID, true)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	next := *t
	var r reader
	roomTypeFields(&r, &h.Hotel, &next, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, err := s.Hotels.UpdateRoomType(ctx, e, next, revision)
	if err != nil {
		return nil, err
	}
	changed, err := typeMade(done, next.ID)
	if err != nil {
		return nil, err
	}
	shown := showRoomType(&done.Hotel, changed, true)
	return &roomTypeOut{Status: http.StatusOK, ETag: etag(done.Revision, staffView), Body: &shown}, nil
}

func (s *server) deleteRoomType(ctx context.Context, c *call, in *roomTypeDeleteIn) (*nothing, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	t, err := typeIn(h, in.RoomTypeID, true)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	return nil, s.Hotels.DeleteRoomType(ctx, e, h.Hotel.ID, t.ID, revision)
}
