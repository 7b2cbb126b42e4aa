# % include 'template/parts/task/image_classification/hub.py' %#
