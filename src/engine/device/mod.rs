//! What a message means: device kinds as folders of data plus a little code.
