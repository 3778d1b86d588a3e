package rest

import (
	"context"
	"net/http"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// RoomPath is the address of a room.
type RoomPath struct {
	HotelPath
	RoomID string `path:"room_id" maxLength:"64" example:"rm_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the room."`
}

type roomGetIn struct {
	RoomPath
	IfNoneMatch
}

type roomPutIn struct {
	RoomPath
	IfMatch
	Raw
}

type roomDeleteIn struct {
	RoomPath
	IfMatch
}

type madeRoomOut struct {
	Location string `header:"Location" doc:"Address of what was made."`
	ETag     string `header:"ETag" doc:"Version, for If-Match."`
	Body     wire.Room
}

type roomOut struct {
	Status int
	ETag   string `header:"ETag" doc:"Version, for If-Match and If-None-Match."`
	Body   *wire.Room
}

type roomListOut struct {
	Body wire.RoomList
}

func (s *server) roomCalls() {
	const tag = "Rooms"
	const path = "/v1/hotels/{hotel_id}/rooms"
	const body = `{"number": "204", "room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6b0", "out_of_order": [{"from": "2027-03-12", "to": "2027-03-15", "reason": "new carpet"}]}`
	handleBody(s, operation{
		id: "create-room", method: http.MethodPost, path: path, tag: tag, summary: "Add a numbered room",
		about:  "Rooms are given to guests at check-in; what is sold is the room type. Out-of-order nights are taken off the type's capacity.",
		scopes: staff, status: http.StatusCreated, codes: []string{"hotel_not_found", "number_taken"},
		examples: []example{{"room", "Room 205", `{"number": "205", "room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6b0"}`}},
	}, s.createRoom)
	handle(s, operation{
		id: "list-rooms", method: http.MethodGet, path: path, tag: tag, summary: "List rooms", about: "For its staff.",
		scopes: staff, status: http.StatusOK, codes: []string{"hotel_not_found"},
	}, s.listRooms)
	handle(s, operation{
		id: "get-room", method: http.MethodGet, path: path + "/{room_id}", tag: tag, summary: "Read a room", about: "For its staff.",
		scopes: staff, status: http.StatusOK, codes: []string{"hotel_not_found", "room_not_found"},
		answers: map[int]string{http.StatusNotModified: "You have the current version."},
	}, s.getRoom)
	handleBody(s, operation{
		id: "replace-room", method: http.MethodPut, path: path + "/{room_id}", tag: tag, summary: "Replace a room",
		about:  "Replaces its number, type and out-of-order nights.",
		scopes: staff, status: http.StatusOK, ifMatch: true, codes: []string{"hotel_not_found", "room_not_found", "number_taken"},
		examples: []example{{"out_of_order", "Out of order for three nights", body}},
	}, s.replaceRoom)
	handle(s, operation{
		id: "delete-room", method: http.MethodDelete, path: path + "/{room_id}", tag: tag, summary: "Delete a room",
		about:  "The capacity of its type does not change with it.",
		scopes: staff, status: http.StatusNoContent, ifMatch: true, codes: []string{"hotel_not_found", "room_not_found"},
	}, s.deleteRoom)
}

func showRoom(h *hotel.Hotel, m *hotel.Room) wire.Room {
	out := wire.Room{
		ID: m.ID.Text(roomID), HotelID: h.ID.Text(hotelID), Number: m.Number, RoomTypeID: m.RoomType.Text(roomTypeID),
		OutOfOrder: make([]wire.Outage, len(m.OutOfOrder)), CreatedAt: instant(m.CreatedAt), UpdatedAt: instant(m.UpdatedAt),
	}
	for i, o := range m.OutOfOrder {
		out.OutOfOrder[i] = wire.Outage{From: o.From.String(), To: o.To.String(), Reason: o.Reason}
	}
	return out
}

func roomFields(r *reader, m *hotel.Room, b *wire.RoomRequest) {
	m.Number, m.RoomType, m.OutOfOrder = b.Number, r.id("/room_type_id", roomTypeID, b.RoomTypeID), nil
	for i, o := range b.OutOfOrder {
		at := "/out_of_order/" + itoa(i)
		m.OutOfOrder = append(m.OutOfOrder, hotel.Outage{From: r.date(at+"/from", o.From), To: r.date(at+"/to", o.To), Reason: o.Reason})
	}
}

func roomIn(h *hotel.House, text string) (*hotel.Room, error) {
	if id, err := uid.Parse(roomID, text); err == nil {
		if m := findRoom(h, id); m != nil {
			return m, nil
		}
	}
	return nil, fault.New(fault.NotFound, "room_not_found", "The hotel has no room %s.", shown(text))
}

func findRoom(h *hotel.House, id uid.ID) *hotel.Room {
	for i := range h.Rooms {
		if h.Rooms[i].ID == id {
			return &h.Rooms[i]
		}
	}
	return nil
}

func (s *server) createRoom(ctx context.Context, c *call, in *inHotelIn, b *wire.RoomRequest) (*madeRoomOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	m := hotel.Room{Hotel: h.Hotel.ID}
	var r reader
	roomFields(&r, &m, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, id, err := s.Hotels.CreateRoom(ctx, e, m)
	if err != nil {
		return nil, err
	}
	made := findRoom(done, id)
	if made == nil {
		return nil, problem.New("room_not_found", "The room was deleted meanwhile.")
	}
	shown := showRoom(&done.Hotel, made)
	return &madeRoomOut{Location: "/v1/hotels/" + shown.HotelID + "/rooms/" + shown.ID, ETag: etag(done.Revision, staffView), Body: shown}, nil
}

func (s *server) listRooms(ctx context.Context, c *call, in *hotelPageIn) (*roomListOut, error) {
	h, _, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	page, next, err := slice(in.Page, h.Rooms)
	if err != nil {
		return nil, err
	}
	out := &roomListOut{Body: wire.RoomList{Rooms: make([]wire.Room, len(page)), Next: next}}
	for i := range page {
		out.Body.Rooms[i] = showRoom(&h.Hotel, &page[i])
	}
	return out, nil
}

func (s *server) getRoom(ctx context.Context, c *call, in *roomGetIn) (*roomOut, error) {
	h, _, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	m, err := roomIn(h, in.RoomID)
	if err != nil {
		return nil, err
	}
	out := &roomOut{Status: http.StatusOK, ETag: etag(h.Revision, staffView)}
	if in.fresh(out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	shown := showRoom(&h.Hotel, m)
	out.Body = &shown
	return out, nil
}

func (s *server) replaceRoom(ctx context.Context, c *call, in *roomPutIn, b *wire.RoomRequest) (*roomOut, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	m, err := roomIn(h, in.RoomID)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	next := *m
	var r reader
	roomFields(&r, &next, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	done, err := s.Hotels.UpdateRoom(ctx, e, next, revision)
	if err != nil {
		return nil, err
	}
	changed := findRoom(done, next.ID)
	if changed == nil {
		return nil, problem.New("room_not_found", "The room was deleted meanwhile.")
	}
	shown := showRoom(&done.Hotel, changed)
	return &roomOut{Status: http.StatusOK, ETag: etag(done.Revision, staffView), Body: &shown}, nil
}

func (s *server) deleteRoom(ctx context.Context, c *call, in *roomDeleteIn) (*nothing, error) {
	h, e, err := s.ownHouse(ctx, c, in.HotelID)
	if err != nil {
		return nil, err
	}
	m, err := roomIn(h, in.RoomID)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(h.Revision)
	if err != nil {
		return nil, err
	}
	return nil, s.Hotels.DeleteRoom(ctx, e, h.Hotel.ID, m.ID, revision)
}
