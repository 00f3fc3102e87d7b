"""How a run grows: units admitted and asked, money booked, replies read and made into rows."""
