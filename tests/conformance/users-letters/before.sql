INSERT INTO mdl_config (name, value) VALUES ('extendedusernamechars', '1') ON DUPLICATE KEY UPDATE value = '1';
